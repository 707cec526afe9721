/**
 * A reader that looks at each object once: objects do not change, so neither does what is read out of them. The answer is
 * held as long as the object is.
 */
export function once<From extends WeakKey, Answer>(read: (from: From) => Answer): (from: From) => Answer {
  const answers = new WeakMap<From, { readonly answer: Answer }>()
  return from => {
    const known = answers.get(from)
    if (known) return known.answer
    const answer = read(from)
    answers.set(from, { answer })
    return answer
  }
}

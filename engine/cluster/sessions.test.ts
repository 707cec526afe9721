import { expect, test } from 'vitest'
import { Sessions } from './sessions.ts'

test.each<{ name: string; said: string; least: number }>([
  { name: 'nobody', said: '', least: 0 },
  { name: 'one that said nothing yet', said: '+a', least: 0 },
  { name: 'one', said: '+a a5', least: 5 },
  { name: 'the one behind counts', said: '+a +b a5 b3', least: 3 },
  { name: 'until it is there too', said: '+a +b a5 b3 b5', least: 5 },
  { name: 'several behind', said: '+a +b +c a5 b3 c3 b6', least: 3 },
  { name: 'all of them moved on', said: '+a +b +c a5 b3 c3 b6 c7', least: 5 },
  { name: 'nobody serves less than before', said: '+a a5 a3', least: 5 },
  { name: 'whoever leaves does not count', said: '+a +b a5 b3 -b', least: 5 },
  { name: 'nor what it says then', said: '+a +b a5 b3 -b b9', least: 5 },
  { name: 'all leave', said: '+a a5 -a', least: 0 },
  { name: 'whoever comes back begins anew', said: '+a +b a5 b5 -b +b', least: 0 },
  { name: 'a session that replaces another', said: '+a +b a5 b7 +b', least: 0 },
  { name: 'and is there again', said: '+a +b a5 b7 +b b8', least: 5 },
])('what every connected node serves at least: $name', ({ said, least }) => {
  const sessions = new Sessions()
  for (const word of said.split(' ').filter(part => part !== '')) {
    if (word.startsWith('+')) sessions.begin(word.slice(1), 0)
    else if (word.startsWith('-')) sessions.end(word.slice(1))
    else sessions.acknowledge(word.slice(0, 1), Number(word.slice(1)))
    // Asked each time: what is remembered must not outlive what it was of.
    sessions.leastAcknowledged()
  }
  expect(sessions.leastAcknowledged()).toBe(least)
})

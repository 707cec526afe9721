import { expect, test } from 'vitest'
import { isFetchUrl, isHost, isOciReference } from './remote-names.ts'

test.each<{ what: (text: string) => boolean; yes: string[]; no: string[] }>([
  {
    what: isHost,
    yes: ['ghcr.io', 'localhost:5000', '10.0.0.5', '127.0.0.1:1', '[fd00::5]', '[::1]:8443'],
    no: ['', 'GHCR.io', 'ghcr.io:0', 'ghcr.io:65536', 'a@b', '*.example.com', 'https://x', 'x/y', '[::g]', 'a b', '..'],
  },
  {
    what: isFetchUrl,
    yes: [
      'https://a.example',
      'https://a.example/b?c=d',
      'http://127.0.0.1:80/x',
      'http://localhost/',
      'http://[::1]/',
    ],
    no: [
      'http://a.example/',
      'http://127.0.0.1.example/',
      'https://user:secret@a.example/',
      'file:///etc/passwd',
      'https://a.example/#x',
      'https:///x',
      'https://a.example/x y',
    ],
  },
  {
    what: isOciReference,
    yes: ['oci://ghcr.io/org/web', 'oci://127.0.0.1:5000/a', 'oci://r.example/a/b-c/d__e.f'],
    no: ['ghcr.io/org/web', 'oci://ghcr.io', 'oci://ghcr.io/', 'oci://ghcr.io/Web', 'oci://r/a:1.0', 'oci://r/a/../b'],
  },
])('$what.name', ({ what, yes, no }) => {
  expect({ yes: yes.filter(text => !what(text)), no: no.filter(what) }).toEqual({ yes: [], no: [] })
})

import { expect, test } from 'vitest'
import { credentialsAsRoot, credentialsAsUser, setprivArguments } from './credentials.ts'

const defaults =
  '+audit_write,+chown,+dac_override,+fowner,+fsetid,+kill,+mknod,+net_bind_service,+net_raw,+setfcap,+setgid,+setpcap,' +
  '+setuid,+sys_chroot'

test.each([
  {
    name: 'nobody by default, without new privileges',
    container: {},
    pod: {},
    args: [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      '--no-new-privs',
      '--inh-caps=-all',
      `--bounding-set=-all,${defaults}`,
    ],
  },
  {
    name: "the container's user before the pod's, groups sorted and once each",
    container: { runAsUser: 7 },
    pod: { runAsUser: 8, runAsGroup: 9, fsGroup: 12, supplementalGroups: [30, 12] },
    args: [
      '--reuid=7',
      '--regid=9',
      '--groups=12,30',
      '--no-new-privs',
      '--inh-caps=-all',
      `--bounding-set=-all,${defaults}`,
    ],
  },
  {
    name: 'drop ALL keeps what is added',
    container: { runAsUser: 0, capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'CAP_CHOWN'] } },
    pod: {},
    args: [
      '--reuid=0',
      '--regid=0',
      '--clear-groups',
      '--no-new-privs',
      '--inh-caps=-all',
      '--bounding-set=-all,+chown,+net_admin',
    ],
  },
  {
    name: 'privileged keeps everything',
    container: { privileged: true, runAsUser: 0 },
    pod: {},
    args: ['--reuid=0', '--regid=0', '--clear-groups'],
  },
  {
    name: 'privilege escalation where it is allowed',
    container: { allowPrivilegeEscalation: true, capabilities: { add: ['ALL'] } },
    pod: {},
    args: ['--reuid=65534', '--regid=65534', '--clear-groups'],
  },
])('as root: $name', ({ container, pod, args }) => {
  expect(setprivArguments(credentialsAsRoot(container, pod))).toEqual(args)
})

test.each([
  { name: 'user 0 with runAsNonRoot', container: { runAsUser: 0 }, pod: { runAsNonRoot: true }, field: 'runAsNonRoot' },
])('as root, refused: $name', ({ container, pod, field }) => {
  expect(() => credentialsAsRoot(container, pod)).toThrow(`securityContext.${field} is true`)
})

test('as a user: its own ids may be asked for', () => {
  expect(
    credentialsAsUser({ uid: 1000, gid: 100 }, { container: { runAsUser: 1000 }, pod: { runAsGroup: 100 } }),
  ).toEqual({
    uid: 1000,
    gid: 100,
    groups: [],
    noNewPrivileges: true,
    capabilities: undefined,
  })
})

test.each([
  { name: 'another user', container: { runAsUser: 1001 }, says: 'securityContext.runAsUser is 1001' },
  { name: 'another group', container: { runAsGroup: 0 }, says: 'securityContext.runAsGroup is 0' },
  { name: 'privileged', container: { privileged: true }, says: 'securityContext.privileged is true' },
])('as a user, refused: $name', ({ container, says }) => {
  expect(() => credentialsAsUser({ uid: 1000, gid: 1000 }, { container })).toThrow(says)
})

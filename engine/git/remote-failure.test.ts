import { expect, test } from 'vitest'
import { remoteFailure } from './remote-failure.ts'

/** What git of several versions, and the hosts that people use, say. */
test.each([
  {
    says: "fatal: unable to access 'https://h/r.git/': server certificate verification failed. CAfile: none CRLfile: none",
    code: 'RemoteRefused',
    message: 'git fetch of x failed: server certificate verification failed. CAfile: none CRLfile: none',
    remedy: /^where the certificate is right, name the file of its authority/,
  },
  {
    says: "fatal: unable to access 'https://h/r.git/': SSL certificate problem: self-signed certificate",
    code: 'RemoteRefused',
    message: 'git fetch of x failed: SSL certificate problem: self-signed certificate',
    remedy: /^where the certificate is right/,
  },
  {
    says: "fatal: unable to access 'https://h/r.git/': Problem with the SSL CA cert (path? access rights?)",
    code: 'RemoteRefused',
    message: 'git fetch of x failed: Problem with the SSL CA cert (path? access rights?)',
    remedy: /^where the certificate is right/,
  },
  {
    says:
      'remote: error: GH006: Protected branch update failed for refs/heads/main.        \n' +
      'To https://h/r.git\n ! [remote rejected] main -> main (protected branch hook declined)\n' +
      "error: failed to push some refs to 'https://h/r.git'\n",
    code: 'RemoteRefused',
    message:
      'git fetch of x failed: remote: error: GH006: Protected branch update failed for refs/heads/main.; ' +
      "! [remote rejected] main -> main (protected branch hook declined); failed to push some refs to 'https://h/r.git'",
    remedy: /^let the user or key with which Gantry comes push that branch/,
  },
  {
    says:
      'remote: GitLab: You are not allowed to push code to protected branches on this project.\n' +
      ' ! [remote rejected] main -> main (pre-receive hook declined)\n',
    code: 'RemoteRefused',
    message:
      'git fetch of x failed: remote: GitLab: You are not allowed to push code to protected branches on this project.; ' +
      '! [remote rejected] main -> main (pre-receive hook declined)',
    remedy: /^let the user or key with which Gantry comes push that branch/,
  },
  {
    says:
      'ERROR: The key you are authenticating with has been marked as read only.\n' +
      'fatal: Could not read from remote repository.\n',
    code: 'RemoteRefused',
    message:
      'git fetch of x failed: ERROR: The key you are authenticating with has been marked as read only.; ' +
      'Could not read from remote repository.',
    remedy: /^let the user or key with which Gantry comes write to the repository/,
  },
  {
    says: ' ! [rejected]        main -> main (fetch first)\n',
    code: 'RefChanged',
    message: 'git fetch of x failed: ! [rejected]        main -> main (fetch first)',
    remedy: /^let Gantry alone write the observed branch/,
  },
  {
    says: ' ! [remote rejected] main -> main (incorrect old value provided)\n',
    code: 'RefChanged',
    message: 'git fetch of x failed: ! [remote rejected] main -> main (incorrect old value provided)',
    remedy: /^let Gantry alone write the observed branch/,
  },
  {
    says: 'git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.\n',
    code: 'RemoteRefused',
    message: 'git fetch of x failed: git@h: Permission denied (publickey).; Could not read from remote repository.',
    remedy: /^give the user that runs Gantry an ssh key/,
  },
  {
    says: "fatal: unable to access 'https://h/r.git/': Could not resolve host: h",
    code: 'RemoteUnreachable',
    message: 'git fetch of x failed: Could not resolve host: h',
    remedy: /^check the network and the address/,
  },
  {
    says: '',
    code: 'RemoteBroken',
    message: 'git fetch of x failed: git ended without a word',
    remedy: /^check that a git server answers there/,
  },
])('$says', ({ says, code, message, remedy }) => {
  expect(remoteFailure('git fetch of x', says)).toMatchObject({ code, message, remedy: expect.stringMatching(remedy) })
})

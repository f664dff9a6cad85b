import { expect, it } from 'vitest';
import { platformSupport } from '../../src/process/index.ts';
import { currentPlacement, placement } from '../../src/run/index.ts';

const root = { hasSystemdRun: true, hasUserManager: false, uid: 0 };
const user = { hasSystemdRun: true, hasUserManager: true, uid: 1000 };
const system = ['systemd-run', '--scope', '--collect', '--quiet', '--'];
const ofUser = ['systemd-run', '--user', '--scope', '--collect', '--quiet', '--'];

it.each([
  ['a login session', '0::/user.slice/user-1000.slice/session-3.scope\n', user, true, []],
  [
    'a terminal under the user manager',
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-kitty-12.scope\n',
    user,
    true,
    [],
  ],
  ['a container', '0::/\n', root, true, []],
  ['a container seen from outside', '0::/system.slice/docker-0f3a.scope\n', root, true, []],
  [
    'a user service',
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/gateway.service\n',
    user,
    true,
    ofUser,
  ],
  [
    'a user service without its bus',
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/gateway.service\n',
    { ...user, hasUserManager: false },
    false,
    [],
  ],
  ['a system service as root', '0::/system.slice/gateway.service\n', root, true, system],
  ['a sub-group of a service', '0::/system.slice/gateway.service/supervisor\n', root, true, system],
  ['a system service as a user with a manager', '0::/system.slice/gateway.service\n', user, true, ofUser],
  [
    'a system service as a plain user',
    '0::/system.slice/gateway.service\n',
    { ...user, hasUserManager: false },
    false,
    [],
  ],
  ['a service without systemd-run', '0::/system.slice/gateway.service\n', { ...root, hasSystemdRun: false }, false, []],
  ['a service on cgroup v1', '9:memory:/x\n1:name=systemd:/system.slice/gateway.service\n', root, true, system],
  ['a hybrid hierarchy', '1:name=systemd:/system.slice/gateway.service\n0::/ignored\n', root, true, system],
  ['no cgroups at all', '', root, true, []],
] as const)('places holders for %s', (_name, text, facts, survivesHost, wrap) => {
  expect(placement(text, facts)).toMatchObject({ survivesHost, wrap });
});

it('names the service it cannot leave', () => {
  expect(placement('0::/system.slice/gateway.service\n', { ...root, hasSystemdRun: false }).service).toBe(
    'gateway.service',
  );
});

it('declares what a platform cannot do', async () => {
  expect(platformSupport('darwin')).toEqual({ holder: true, markerScan: false, parentDeathSignal: false });
  expect(platformSupport('win32').holder).toBe(false);
  expect(typeof (await currentPlacement(process.env)).survivesHost).toBe('boolean');
});

import { expect, test } from 'vitest';
import { withAbsolutePath } from '../../src/run/index.ts';

test.each([
  ['./bin:/usr/bin', '/srv/here/bin:/usr/bin'],
  ['node_modules/.bin', '/srv/here/node_modules/.bin'],
  ['../bin:.', '/srv/bin:/srv/here'],
  // An empty entry is the directory itself.
  [':/usr/bin:', '/srv/here:/usr/bin:/srv/here'],
  ['/usr/bin/:/a/../b', '/usr/bin/:/a/../b'],
])('the entries of PATH %j count from the directory', (given, absolute) => {
  expect(withAbsolutePath({ PATH: given, HOME: 'here' }, '/srv/here')).toEqual({ PATH: absolute, HOME: 'here' });
});

test('an environment without PATH stays without', () => {
  expect(withAbsolutePath({ HOME: '/h' }, '/srv/here')).toEqual({ HOME: '/h' });
});

import { expect, test } from 'vitest';
import { withAbsolutePath } from '../../src/run/index.ts';

test.each([
  ['./bin:/usr/bin', '/work/here/bin:/usr/bin'],
  ['node_modules/.bin', '/work/here/node_modules/.bin'],
  ['../bin:.', '/work/bin:/work/here'],
  // An empty entry is the directory itself.
  [':/usr/bin:', '/work/here:/usr/bin:/work/here'],
  ['/usr/bin/:/a/../b', '/usr/bin/:/a/../b'],
])('the entries of PATH %j count from the directory', (given, absolute) => {
  expect(withAbsolutePath({ PATH: given, HOME: 'here' }, '/work/here')).toEqual({ PATH: absolute, HOME: 'here' });
});

test('an environment without PATH stays without', () => {
  expect(withAbsolutePath({ HOME: '/h' }, '/work/here')).toEqual({ HOME: '/h' });
});

/** The version of the plane, as `info()` reports it. */
export const version = '0.0.0';

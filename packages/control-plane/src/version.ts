/** The version of the plane, as `info` tells it. */
export const version = '0.0.0';

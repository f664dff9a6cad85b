/** True for what belongs to this user, and on systems without users. */
export function isOwn({ uid }: { readonly uid: number }): boolean {
  const self = process.getuid?.();
  return self === undefined || uid === self;
}

/** The events of a stream, one by one. They were checked when they were written, and are not checked again. */
export async function* eachEvent<E>(batches: AsyncIterable<readonly unknown[]>): AsyncIterable<E> {
  for await (const batch of batches) yield* batch as readonly E[];
}

/** A worker's entry that goes wrong in the way its task names. */
// Piscina takes the default export.
// eslint-disable-next-line no-restricted-syntax
export default async function misbehave(task: { readonly path: string }): Promise<never> {
  switch (task.path) {
    case 'throws':
      throw new Error('out of ideas');
    case 'exits':
      return process.exit(9);
    default:
      return await new Promise<never>(() => setInterval(() => undefined, 1000));
  }
}

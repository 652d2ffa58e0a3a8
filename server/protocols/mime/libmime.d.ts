/** The one function of libmime that is used; the package brings no types. */
declare module 'libmime' {
  const libmime: { decodeWords(text: string): string };
  export default libmime;
}

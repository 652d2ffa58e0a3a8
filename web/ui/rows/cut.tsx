/** Words of strangers in one line of a row, cut where its column ends: in full for a pointer, and in a row with the focus. */
type CutProps = { readonly text: string; readonly isHint?: boolean };

export function Cut({ text, isHint = false }: CutProps) {
  return (
    <span className={isHint ? 'cut block hint' : 'cut block'} title={text}>
      {text}
    </span>
  );
}

/** A sheet that runs once around a roller and so becomes a P. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M7 29V5h10a9 9 0 0 1 0 18h-4"
        fill="none"
        stroke="currentColor"
        strokeWidth="3.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="17" cy="14" r="3.5" fill="currentColor" />
    </svg>
  );
}

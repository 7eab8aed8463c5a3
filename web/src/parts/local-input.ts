/** A time as a `datetime-local` field wants it: in the viewer's zone, without one. */
export function localInput(iso: string): string {
  const time = new Date(iso);
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

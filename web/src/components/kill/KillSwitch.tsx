/** The kill switch and its state, always in reach. */
export function KillSwitch() {
  return null;
}

import { signal } from "@preact/signals";

/** Grows with each login by the form, so that what was refused before is asked again, once. */
export const logins = signal(0);

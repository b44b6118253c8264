// The three slots for streams that all tabs of a browser share.

const SLOTS = ["orderstream-stream-1", "orderstream-stream-2", "orderstream-stream-3"];

/** Gives the slot back. */
export type Release = () => void;

/** Takes a free slot. null: none is free. `never`: the browser has no locks here, as over plain http off loopback. */
export async function take_slot(): Promise<Release | null | "never"> {
  // `navigator.locks` is absent in an insecure context, whatever the types say.
  const locks: LockManager | undefined = navigator.locks;
  if (!locks) return "never";
  for (const name of SLOTS) {
    const release = await take(locks, name);
    if (release) return release;
  }
  return null;
}

function take(locks: LockManager, name: string): Promise<Release | null> {
  return new Promise((answer) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) {
          answer(null);
          return undefined;
        }
        // The lock is held until this promise is kept.
        return new Promise<void>((release) => answer(() => release()));
      })
      .catch(() => answer(null));
  });
}

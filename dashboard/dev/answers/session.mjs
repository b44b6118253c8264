/** What `/api/session` answers in each scene. */
export function session(scene, at) {
  const denied = scene === "denied";
  return {
    user: denied ? null : "alice",
    role: denied ? null : "operate",
    expires_at: denied ? null : at + 12 * 3_600_000,
    has_tokens: true,
    how: denied
      ? "Log in with a token: orderstream page token --role read --name you"
      : "You may do everything.",
    version: "0.9.0",
  };
}

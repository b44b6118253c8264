import { Refused } from "../session/refused";
import type { Refusal as Why } from "./machine";

/** Why a step did not succeed; the step stays as it was, and its button tries again. */
export function Refusal({ refusal }: { refusal: Why | null }) {
  return refusal && <Refused error={refusal} />;
}

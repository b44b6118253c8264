import type { Overview } from "../../src/api";

export function overview(scene: string, at: number, started: number): Overview;

// The parts that screens are made of.

export { Age } from "./age";
export { Badge, type Tone } from "./badge";
export { Button } from "./button";
export { Card } from "./card";
export { Dialog } from "./dialog";
export { Field } from "./field";
export { is_late, Late } from "./late";
export { LiveRegion, say } from "./region";
export { Empty, Failed, Skeleton } from "./states";
export { type Column, Table } from "./table";
export { ScreenTitle } from "./title";

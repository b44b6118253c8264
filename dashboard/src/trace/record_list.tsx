// Records of Kafka, one after the other.

import { Long } from "./long";
import { flaw, sides, what } from "./records";
import type { Found } from "./shapes";
import { moment } from "./timeline";

export function RecordList({ records }: { records: Found[] }) {
  return (
    <ul class="records">
      {records.map((found) => (
        <li key={`${found.topic} ${found.position}`}>
          <p>
            <Long text={found.topic} /> {found.position} <strong>{what(found)}</strong> {when(found)}
            {found.named_by !== "search" && <span class="from"> named by {found.named_by}</span>}
          </p>
          {flaw(found) && (
            <p class="note">
              <Long text={flaw(found) ?? ""} />
            </p>
          )}
          {found.change && found.change.columns.length > 0 && (
            <ul class="changes">
              {found.change.columns.map((column) => (
                <li key={column.column}>
                  <span class="column">
                    <Long text={column.column} />
                  </span>{" "}
                  <Long text={sides(column)} />
                </li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ul>
  );
}

function when({ at }: Found): string {
  if (at === null) return "";
  const { day, time } = moment(at);
  return `${day} ${time} UTC`;
}

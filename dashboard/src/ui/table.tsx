import type { ComponentChildren } from "preact";

export type Column<Row> = {
  key: string;
  name: string;
  /** The cell. */
  cell: (row: Row) => ComponentChildren;
  /** Numbers stand at the right, with digits of one width. */
  number?: boolean;
  /** The cell that names the row. */
  head?: boolean;
};

type Props<Row> = {
  /** What the table is, for screen readers. */
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  row_key: (row: Row) => string;
  /** `cards`: on a narrow screen each row becomes a card. `scroll`: the table scrolls within its block. */
  narrow?: "cards" | "scroll";
  row_class?: (row: Row) => string;
};

/** A table whose page never scrolls sideways: its own block does, or its rows become cards. */
export function Table<Row>({ label, columns, rows, row_key, narrow = "cards", row_class }: Props<Row>) {
  return (
    // The block may scroll, so the keyboard must reach it.
    // biome-ignore lint/a11y/useSemanticElements: a fieldset groups fields.
    <div class={`table-block table-${narrow}`} role="group" aria-label={label} tabIndex={0}>
      {/* The roles are written out because cards take `display: table` away, and with it the roles. */}
      {/* biome-ignore-start lint/a11y/useSemanticElements: see above. */}
      {/* biome-ignore-start lint/a11y/noRedundantRoles: see above. */}
      <table role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th
                key={column.key}
                role="columnheader"
                scope="col"
                class={column.number ? "number" : undefined}
              >
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={row_key(row)} role="row" class={row_class?.(row)}>
              {columns.map((column) => {
                const name = column.number ? "number" : undefined;
                return column.head ? (
                  <th key={column.key} role="rowheader" scope="row" class={name} data-name={column.name}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.key} role="cell" class={name} data-name={column.name}>
                    {column.cell(row)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {/* biome-ignore-end lint/a11y/noRedundantRoles: see above. */}
      {/* biome-ignore-end lint/a11y/useSemanticElements: see above. */}
    </div>
  );
}

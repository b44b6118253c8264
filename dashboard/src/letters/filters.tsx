// The filters. What is typed counts when it is sent by Enter or by the button, so no letter typed asks the server.

import { useState } from "preact/hooks";
import { overview } from "../live";
import { Button, Field } from "../ui";
import { type Choice, FIRST, type Since, SPANS } from "./filter";
import { choice } from "./store";

export function Filters() {
  const chosen = choice.value;
  const [key, set_key] = useState(chosen.key);
  const topics = [
    ...new Set([...(overview.value?.partitions ?? []).map(({ topic }) => topic), chosen.topic]),
  ].filter((topic) => topic !== "");
  const choose = (part: Partial<Choice>) => {
    choice.value = { ...choice.value, ...part };
  };
  const submit = (event: Event) => {
    event.preventDefault();
    choose({ key: key.trim() });
  };
  const is_first = JSON.stringify(chosen) === JSON.stringify(FIRST) && key === "";
  return (
    <form class="filters" onSubmit={submit}>
      <Field
        label="State"
        value={chosen.state}
        onInput={(state) => choose({ state: state as Choice["state"] })}
        options={[
          { value: "open", label: "open" },
          { value: "closed", label: "closed" },
          { value: "all", label: "open and closed" },
        ]}
      />
      <Field
        label="Topic"
        value={chosen.topic}
        onInput={(topic) => choose({ topic })}
        options={[
          { value: "", label: "all topics" },
          ...topics.map((topic) => ({ value: topic, label: topic })),
        ]}
      />
      <Field
        label="Since"
        value={chosen.since}
        onInput={(since) => choose({ since: since as Since })}
        options={Object.entries(SPANS).map(([value, { words }]) => ({ value, label: words }))}
      />
      <Field label="Key: id of an order or a customer" value={key} onInput={set_key} />
      <div class="filter-buttons">
        <Button type="submit">Find the key</Button>
        {!is_first && (
          <Button
            kind="quiet"
            onClick={() => {
              set_key("");
              choice.value = FIRST;
            }}
          >
            Clear
          </Button>
        )}
      </div>
    </form>
  );
}

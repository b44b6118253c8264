import { expect, it } from "vitest";
import { order_id } from "./id";

it.each([
  ["77", "77"],
  [" 77 ", "77"],
  ["007", "7"],
  ["+5", "5"],
  ["-5", "-5"],
  ["-0", "0"],
  ["9007199254740993", "9007199254740993"],
  ["9223372036854775807", "9223372036854775807"],
  ["-9223372036854775808", "-9223372036854775808"],
])("%j is the id %s, digit by digit", (text, id) => {
  expect(order_id(text)).toEqual({ id });
});

it.each([
  ["", "Type the id"],
  ["   ", "Type the id"],
  ["12a", "whole number"],
  ["1,000", "whole number"],
  ["1.5", "whole number"],
  ["1e3", "whole number"],
  ["0x10", "whole number"],
  ["--5", "whole number"],
  ["+-5", "whole number"],
  ["٣", "whole number"],
  ["9223372036854775808", "64 bits"],
  ["-9223372036854775809", "64 bits"],
  ["9".repeat(1000), "whole number"],
  ["<script>", "whole number"],
])("%j is no id, and the page says why", (text, said) => {
  expect(order_id(text)).toEqual({ error: expect.stringContaining(said) });
});

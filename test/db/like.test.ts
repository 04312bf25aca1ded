import { expect, test } from "bun:test";
import { escapeLike } from "../../db/like.ts";

test("what has a meaning in a pattern stands for itself", () => {
  expect(escapeLike("BRK.B")).toBe("BRK.B");
  expect(escapeLike("50%_\\")).toBe("50\\%\\_\\\\");
});

import { iterate, sizeOf } from "./collections.ts";
import { equals } from "./order.ts";
import { type Callable, callable, fail, NativeValue, tuple, type Value } from "./values.ts";

/** How `{% break %}` and `{% continue %}` leave a body; what it printed so far stays. */
export class LoopSignal {
  constructor(readonly kind: "break" | "continue") {}
}

/** `loop` within a `for`. It looks ahead only where it is asked, so that a list may grow while it is gone through. */
export class Loop extends NativeValue {
  readonly type = "loop";
  readonly #over: Value;
  readonly #source: globalThis.Iterator<Value>;
  #ahead: IteratorResult<Value> | undefined;
  #before: Value | undefined;
  #current: Value | undefined;
  #index = -1;
  #changed: Value | undefined;

  constructor(
    over: Value,
    private readonly depth: number,
    /** What `loop(…)` does, where the loop is recursive. */
    private readonly again: Callable | undefined,
  ) {
    super();
    this.#over = over;
    this.#source = iterate(over)[Symbol.iterator]();
  }

  /** Goes on to the next item. */
  next(): IteratorResult<Value> {
    const found = this.#ahead ?? this.#source.next();
    this.#ahead = undefined;
    if (found.done) return found;
    this.#before = this.#current;
    this.#current = found.value;
    this.#index++;
    return found;
  }

  #peek(): IteratorResult<Value> {
    this.#ahead ??= this.#source.next();
    return this.#ahead;
  }

  #count(): number {
    const size = sizeOf(this.#over);
    if (size !== undefined) return size;
    // What can be gone through once is read to its end to be counted, and handed out from there.
    const rest: Value[] = [];
    for (let found = this.#peek(); !found.done; found = this.#peek()) {
      rest.push(found.value);
      this.#ahead = undefined;
    }
    const source = rest[Symbol.iterator]();
    this.#source.next = () => source.next();
    this.#ahead = undefined;
    return this.#index + 1 + rest.length;
  }

  repr() {
    return fail("loop prints nothing that means anything");
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case "index":
        return this.#index + 1;
      case "index0":
        return this.#index;
      case "revindex":
        return this.#count() - this.#index;
      case "revindex0":
        return this.#count() - this.#index - 1;
      case "first":
        return this.#index === 0;
      case "last":
        return this.#peek().done === true;
      case "length":
        return this.#count();
      case "depth":
        return this.depth + 1;
      case "depth0":
        return this.depth;
      case "previtem":
        return this.#before;
      case "nextitem": {
        const ahead = this.#peek();
        return ahead.done ? undefined : ahead.value;
      }
      case "cycle":
        return callable((args) => args[this.#index % args.length] ?? fail("cycle() needs values to go round"));
      case "changed":
        return callable((args) => this.#hasChanged(tuple(args)));
      default:
        return undefined;
    }
  }

  #hasChanged(values: Value): boolean {
    const same = this.#changed !== undefined && equals(this.#changed, values);
    this.#changed = values;
    return !same;
  }

  /** `loop(items)` */
  override call(args: Value[], keywords: Map<string, Value>): Value {
    return this.again ? this.again.call(args, keywords) : fail("loop() needs a {% for … recursive %}");
  }
}

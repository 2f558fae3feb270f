type Listener<Values extends readonly unknown[]> = (...values: Values) => void;

/** Listeners by event name, like Node's EventEmitter. Own code, so that the client runs wherever fetch exists. */
export class Emitter<Events extends { readonly [Name in keyof Events]: readonly unknown[] }> {
  readonly #listeners = new Map<keyof Events, readonly { readonly call: unknown; readonly isOnce: boolean }[]>();

  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): this {
    return this.#add(name, listener, false);
  }

  once<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): this {
    return this.#add(name, listener, true);
  }

  /** Removes a listener; of one that was added several times, the last. */
  off<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): this {
    const listeners = this.#listeners.get(name) ?? [];
    const at = listeners.findLastIndex(({ call }) => call === listener);
    this.#listeners.set(name, listeners.toSpliced(at < 0 ? listeners.length : at, 1));
    return this;
  }

  /** The values of the next event of this name. Rejects with the signal's reason when it is aborted before. */
  next<Name extends keyof Events>(name: Name, signal?: AbortSignal): Promise<Events[Name]> {
    return new Promise((resolve, reject) => {
      const listener = (...values: Events[Name]): void => {
        signal?.removeEventListener("abort", abort);
        resolve(values);
      };
      const abort = (): void => {
        this.off(name, listener);
        reject(signal?.reason);
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort);
      this.once(name, listener);
    });
  }

  /** Calls the listeners in the order in which they were added. Returns whether there was one. */
  emit<Name extends keyof Events>(name: Name, ...values: Events[Name]): boolean {
    const listeners = this.#listeners.get(name) ?? [];
    for (const { call, isOnce } of listeners) {
      const listener = call as Listener<Events[Name]>;
      if (isOnce) this.off(name, listener);
      listener(...values);
    }
    return listeners.length > 0;
  }

  #add(name: keyof Events, call: unknown, isOnce: boolean): this {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), { call, isOnce }]);
    return this;
  }
}

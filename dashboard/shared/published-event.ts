/** A published event, as its envelope says. */
export interface PublishedEvent {
  readonly type: string;
  readonly envelope: Readonly<Record<string, unknown>> & { readonly payload: Readonly<Record<string, unknown>> };
}

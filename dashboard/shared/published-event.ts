/** A published event. In a file without browser types, so that code for Node can import it too. */
export interface PublishedEvent {
  readonly type: string;
  readonly envelope: Readonly<Record<string, unknown>> & { readonly payload: Readonly<Record<string, unknown>> };
}

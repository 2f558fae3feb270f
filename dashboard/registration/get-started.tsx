const CURL = `curl -H 'content-type: application/json' ${location.origin}/api/v1/events \\
  -d '{"payload_type":"NodeIntrospectionEvent","payload":{"node_id":"my-first","node_type":"effect"}}'`;

/** What to do where there is nothing yet. */
export function FirstNode() {
  return (
    <section class="card" aria-label="The first node">
      <h2>No node has introduced itself yet</h2>
      <p>Let fifty play for a minute:</p>
      <pre tabIndex={0}>rollcall simulate --nodes 50 --for 60s --url {location.origin}</pre>
      <p>or introduce one by hand:</p>
      <pre tabIndex={0}>{CURL}</pre>
    </section>
  );
}

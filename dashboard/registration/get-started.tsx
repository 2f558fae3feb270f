const CURL = `curl -H 'content-type: application/json' ${location.origin}/api/v1/events \\
  -d '{"payload_type":"NodeIntrospectionEvent","payload":{"node_id":"my-first","node_type":"effect"}}'`;

/** Shown where there are no nodes yet. */
export function GetStarted() {
  return (
    <section class="card" aria-label="Get started">
      <h2>No nodes yet</h2>
      <p>Simulate fifty nodes for a minute:</p>
      <pre tabIndex={0}>rollcall simulate --nodes 50 --for 60s --url {location.origin}</pre>
      <p>or register one by hand:</p>
      <pre tabIndex={0}>{CURL}</pre>
    </section>
  );
}

export function Contracts() {
  return <h1>Contracts</h1>;
}

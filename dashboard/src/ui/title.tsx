/** The name of a screen, and the question that it answers. */
export function ScreenTitle({ name, question }: { name: string; question: string }) {
  return (
    <div class="screen-title">
      <h1>{name}</h1>
      <p>{question}</p>
    </div>
  );
}

import type { Problem } from "@openpatio/core/spec";
import type { ApiFailure } from "#lib/errors.ts";
import styles from "./problem-list.module.css";

type ProblemListProps = {
  readonly failure: Pick<ApiFailure, "message" | "problems">;
  /** Makes each place pressable, e.g. to move the cursor there. */
  readonly onPick?: (problem: Problem) => void;
};

/** What was refused: the sentence, then every problem with its place. */
export function ProblemList({ failure, onPick }: ProblemListProps) {
  // With one problem the sentence usually is that problem: it need not stand there twice.
  const isRepeated = failure.problems.some(({ message }) => failure.message.includes(message));
  return (
    <div className={styles.note} role="alert">
      {!isRepeated && <p>{failure.message}</p>}
      {failure.problems.length > 0 && (
        <ul className={styles.list}>
          {failure.problems.map((problem) => (
            <li key={`${problem.path} ${problem.message}`}>
              {placeOf(problem) !== "" &&
                (onPick === undefined ? (
                  <span className={styles.path}>{placeOf(problem)}</span>
                ) : (
                  <button type="button" className={styles.path} onClick={() => onPick(problem)}>
                    {placeOf(problem)}
                  </button>
                ))}
              {problem.message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function placeOf(problem: Problem): string {
  const line = problem.line === undefined ? "" : `line ${problem.line}`;
  return [problem.path, line].filter((part) => part !== "").join(" · ");
}

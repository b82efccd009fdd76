import { formatPath, type Path } from "./path.ts";
import type { Problem } from "./problem.ts";
import { isRecord, listAt, member, textAt, valueAt } from "./shape.ts";
import { templateProblems } from "./template-rules.ts";

/** The leader's address is made of it, so it cannot be the user's own in a multi-node role. */
const ROLE_INDEX = "RBG_ROLE_INDEX";

/** What holds for a role whose instances are a leader with workers. */
export function multiNodeProblems(role: unknown, path: Path): readonly Problem[] {
  const leaderWorker = member(role, "leaderWorker");
  const kind = textAt(role, ["workload", "kind"]);
  const problems: Problem[] = [];
  if (!isRecord(leaderWorker) && kind !== "LeaderWorkerSet") return problems;
  if (kind === "Deployment")
    problems.push({
      path: formatPath([...path, "workload", "kind"]),
      code: "value",
      message:
        "The pods of a Deployment have no stable names, so workers could not find their leader: use StatefulSet or LeaderWorkerSet with leaderWorker.",
      suggestion: "StatefulSet",
    });
  if (kind === "LeaderWorkerSet" && listAt(role, ["volumeClaimTemplates"]).length > 0)
    problems.push({
      path: formatPath([...path, "volumeClaimTemplates"]),
      code: "value",
      message: "volumeClaimTemplates are for StatefulSets: use that kind, each instance is then one of its own.",
    });
  if (kind !== "LeaderWorkerSet" && isRecord(leaderWorker) && valueAt(role, ["scaling", "external"]) === true)
    problems.push({
      path: formatPath([...path, "scaling", "external"]),
      code: "value",
      message:
        "An autoscaler needs one workload to scale, and here every instance is a StatefulSet of its own: use kind LeaderWorkerSet, or scale the role here.",
    });
  problems.push(...indexProblems(member(role, "template"), [...path, "template"]));
  const workers = member(leaderWorker, "workerTemplate");
  if (workers === undefined) return problems;
  const at = [...path, "leaderWorker", "workerTemplate"];
  return [...problems, ...templateProblems(workers, at), ...indexProblems(workers, at)];
}

function indexProblems(template: unknown, path: Path): readonly Problem[] {
  return (["initContainers", "containers"] as const).flatMap((field) =>
    listAt(template, ["spec", field]).flatMap((container, index) =>
      listAt(container, ["env"]).flatMap((variable, at) =>
        textAt(variable, ["name"]) === ROLE_INDEX
          ? [
              {
                path: formatPath([...path, "spec", field, index, "env", at, "name"]),
                code: "value" as const,
                message: `${ROLE_INDEX} is what the leader's address is made of in a multi-node role: give this variable another name.`,
              },
            ]
          : [],
      ),
    ),
  );
}

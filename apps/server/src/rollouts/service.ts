import { DomainError } from "@openpatio/core/errors";
import {
  abortRollout,
  acceptSpec,
  pauseRollout,
  restartRollout,
  resumeRollout,
  rollbackTo,
  type StateChange,
} from "@openpatio/core/plan";
import { editYaml } from "@openpatio/core/spec";
import type { RolloutAnswer } from "@openpatio/core/view";
import { changeSet, yamlWithTemplate } from "../sets/change-set.ts";
import type { SetStore, StoredSet } from "../sets/set-store.ts";
import type { SetKey } from "../trpc/inputs.ts";
import type { RolloutService } from "../trpc/services.ts";

export class RolloutVerbs implements RolloutService {
  private readonly sets: SetStore;
  private readonly nowMs: () => number;

  constructor(sets: SetStore, nowMs: () => number) {
    this.sets = sets;
    this.nowMs = nowMs;
  }

  /** Pausing what is paused is no error: the state is what was asked for. */
  async pause(actor: string, key: SetKey): Promise<RolloutAnswer> {
    return toAnswer(await changeSet(this.sets, actor, key, ({ state }) => pauseRollout(state)));
  }

  async resume(actor: string, key: SetKey): Promise<RolloutAnswer> {
    return toAnswer(
      await changeSet(this.sets, actor, key, ({ state }) => {
        if (state.spec.rollout.paused) {
          throw nothing("The definition itself says spec.rollout.paused: true. Set it to false to go on.");
        }
        return resumeRollout(state, this.nowMs());
      }),
    );
  }

  async restart(actor: string, key: SetKey): Promise<RolloutAnswer> {
    return toAnswer(await changeSet(this.sets, actor, key, ({ state }) => restartRollout(state, this.nowMs())));
  }

  async abort(actor: string, key: SetKey): Promise<RolloutAnswer> {
    return toAnswer(
      await changeSet(
        this.sets,
        actor,
        key,
        (set) => {
          const change = abortRollout(set.state, this.nowMs());
          if (change !== null) return set.state.resource === null ? withYaml(set, change) : change;
          throw nothing(
            set.state.rollout.lastGood === null
              ? "There is no earlier revision at which every group was ready, so there is nothing to return to."
              : "No rollout is under way: the last good revision is the one that groups should run.",
          );
        },
        { isOurs: true },
      ),
    );
  }

  async promote(actor: string, input: SetKey & { readonly partition: number }): Promise<RolloutAnswer> {
    const { partition } = input;
    return toAnswer(
      await changeSet(this.sets, actor, input, ({ state, yaml }) => {
        const spec = { ...state.spec, rollout: { ...state.spec.rollout, partition } };
        const change = acceptSpec(state, spec, this.nowMs());
        if (change !== null) return { ...change, yaml: editYaml(yaml, [{ path: PARTITION, value: partition }]) };
        throw nothing(`The partition is ${partition} already.`);
      }),
    );
  }

  async rollback(actor: string, input: SetKey & { readonly revision: number }): Promise<RolloutAnswer> {
    const { revision } = input;
    return toAnswer(
      await changeSet(this.sets, actor, input, (set) => {
        const kept = set.state.revisions.map(({ number }) => number);
        if (!kept.includes(revision)) {
          throw new DomainError(
            "revision.not-found",
            `Revision ${revision} is not kept. There are ${kept.join(", ")}.`,
            {
              params: { revision },
            },
          );
        }
        const change = rollbackTo(set.state, revision, this.nowMs());
        if (change === null)
          throw nothing(`Groups run the content of revision ${revision} already, or are on the way to it.`);
        return withYaml(set, change);
      }),
    );
  }
}

const PARTITION = ["spec", "rollout", "partition"];

function withYaml(set: StoredSet, change: StateChange): StateChange & { readonly yaml: string } {
  return { ...change, yaml: yamlWithTemplate(set.yaml, set.state.spec, change.state.spec) };
}

const nothing = (message: string) => new DomainError("rollout.nothing-to-do", message);

function toAnswer({ state }: StoredSet): RolloutAnswer {
  const { target, isPaused, restart } = state.rollout;
  return { namespace: state.namespace, name: state.name, target, isPaused, restart };
}

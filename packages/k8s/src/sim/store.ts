/**
 * One simulated cluster's API machinery, in memory: what kube-apiserver does between a request and etcd.
 *
 *   request object → decode → defaults and allocation → validation → field ownership → commit → journal → listeners
 *
 * Reads and writes are synchronous and atomic; every commit gets the next resourceVersion of the cluster. Objects are
 * deeply frozen. The store knows nothing of HTTP, and runs no controller.
 */
import type { KubeObject } from "@openpatio/core/model";
import type { DeleteOptions, ListOptions, ResourceName, SimApi, SimClock, SimEvent, WriteOptions } from "./api.ts";
import { applyConfiguration, trackUpdate, type Writer } from "./apply.ts";
import { customProblems } from "./custom-validation.ts";
import { type Schema, schemaOf } from "./openapi-schema.ts";
import { mergePatch } from "./patch-merge.ts";
import {
  ApiError,
  alreadyExists,
  badRequest,
  conflict,
  type FieldError,
  forbidden,
  invalid,
  notFound,
  OBJECT_MODIFIED,
} from "./status.ts";
import {
  admitCreate,
  admitUpdate,
  allocateService,
  normalizeStatus,
  prepareSpec,
  prepareStatus,
} from "./store-admission.ts";
import { acceptDefinition, customResourceOf } from "./store-custom.ts";
import { applyDefaults } from "./store-defaults.ts";
import { checkDeletePreconditions, finalizersFor, isRemovable, podGraceSeconds } from "./store-deletion.ts";
import { decodeObject, type FieldValidation, type InputOptions } from "./store-input.ts";
import { deepFreeze, isEqual, isObject, type MutableObject, textOf } from "./store-json.ts";
import { nameSuffix, seededRandom, uuidOf } from "./store-random.ts";
import { BUILTIN_RESOURCES, type ResourceDefinition } from "./store-resources.ts";
import { createTables, type Tables } from "./store-tables.ts";
import { isSpecChanged, keepSystemFields, type Subresource, withinScope, writablePart } from "./store-update.ts";
import type { Webhook } from "./store-webhooks.ts";
import { validateCreate, validateUpdate } from "./validation.ts";

export type StoreWriteOptions = {
  readonly subresource?: Subresource;
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  /** The version that the client speaks; the stored one when absent. */
  readonly version?: string;
  readonly fieldValidation?: FieldValidation;
  readonly onWarning?: (text: string) => void;
};

export type ApplyOptions = StoreWriteOptions & { readonly fieldManager: string; readonly force?: boolean };

/** A committed change with its place in the order of the cluster. */
export type LoggedEvent = SimEvent & { readonly version: number };

export type StoreState = {
  readonly version: number;
  readonly objects: readonly (readonly [ResourceName, KubeObject])[];
};

export type StoreOptions = {
  readonly clock: SimClock;
  readonly seed: string;
  readonly name: string;
  /** Called before any listener; what it throws fails the write, which then did not happen. */
  readonly onCommit?: (event: LoggedEvent) => void;
  /** Continue from here instead of an empty cluster. `history` is what watches may still ask for, oldest first. */
  readonly restored?: { readonly state: StoreState; readonly history: readonly LoggedEvent[] };
  /** How long pods tolerate a node that is not ready or unreachable, in seconds; a real cluster has 300. */
  readonly tolerationSeconds?: number;
  /** How many events a watch can go back. */
  readonly historyLimit?: number;
  /** Resources whose managedFields nobody will read: keeping them is an eighth of the work of a write. */
  readonly unowned?: ReadonlySet<ResourceName>;
  /** Called in this order. */
  readonly webhooks?: readonly Webhook[];
};

export type Store = Omit<SimApi, "create" | "update" | "subscribe"> & {
  readonly name: string;
  /** Built-in and custom, in a stable order. */
  definitions(): readonly ResourceDefinition[];
  definition(resource: ResourceName): ResourceDefinition | undefined;
  /** The latest resourceVersion. */
  version(): number;
  /** The newest version that a watch can no longer start after: events up to it are forgotten. */
  forgottenVersion(): number;
  /** Events after `version`, oldest first; undefined when some of them are forgotten. */
  eventsSince(version: number): readonly LoggedEvent[] | undefined;
  /** Any change as a function of the stored object: patches of every kind. */
  modify(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    mutate: (current: MutableObject) => unknown,
    options?: StoreWriteOptions,
  ): KubeObject;
  /** Server-side apply; creates what is missing. */
  apply(resource: ResourceName, object: KubeObject, options: ApplyOptions): { object: KubeObject; created: boolean };
  create(resource: ResourceName, object: KubeObject, options?: StoreWriteOptions): KubeObject;
  update(resource: ResourceName, object: KubeObject, options?: StoreWriteOptions): KubeObject;
  /** As `delete`, and tells what is left: the object that waits for finalizers or its grace period, or the deleted one. */
  remove(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    options?: DeleteOptions,
  ): { readonly object: KubeObject; readonly isGone: boolean };
  subscribe(listener: (event: LoggedEvent) => void): () => void;
  state(): StoreState;
};

const DEFAULT_HISTORY = 20_000;
const NO_GENERATION = new Set([
  "configmaps",
  "endpoints",
  "events",
  "namespaces",
  "nodes",
  "persistentvolumes",
  "persistentvolumeclaims",
  "resourcequotas",
  "secrets",
  "services",
  "serviceaccounts",
  "controllerrevisions.apps",
  "leases.coordination.k8s.io",
  "runtimeclasses.node.k8s.io",
  "storageclasses.storage.k8s.io",
]);

export function createStore(options: StoreOptions): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  readonly name: string;
  readonly clock: SimClock;
  readonly random: () => number;
  readonly #options: StoreOptions;
  readonly #definitions = new Map<ResourceName, ResourceDefinition>();
  readonly #tables: Tables = createTables();
  readonly #listeners = new Set<(event: LoggedEvent) => void>();
  readonly #pending: LoggedEvent[] = [];
  readonly #log: LoggedEvent[] = [];
  #forgotten: number;
  #version: number;
  #isDispatching = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.name = options.name;
    this.clock = options.clock;
    this.#version = options.restored?.state.version ?? 0;
    this.random = seededRandom(`${options.seed}/${options.name}/${this.#version}`);
    for (const definition of BUILTIN_RESOURCES) this.#definitions.set(definition.id, definition);
    const history = options.restored?.history ?? [];
    this.#log.push(...history);
    this.#forgotten = history[0] === undefined ? this.#version : history[0].version - 1;
    if (options.restored === undefined) {
      for (const namespace of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
        this.create("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      }
    } else {
      for (const [resource, object] of options.restored.state.objects) {
        this.#tables.put(resource, deepFreeze(object));
        if (resource === "customresourcedefinitions.apiextensions.k8s.io") this.#register(object);
      }
    }
  }

  definitions(): readonly ResourceDefinition[] {
    return [...this.#definitions.values()];
  }

  definition(resource: ResourceName): ResourceDefinition | undefined {
    return this.#definitions.get(resource);
  }

  version(): number {
    return this.#version;
  }

  forgottenVersion(): number {
    return this.#forgotten;
  }

  eventsSince(version: number): readonly LoggedEvent[] | undefined {
    if (version < this.#forgotten) return undefined;
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#log[middle]?.version ?? 0) <= version) low = middle + 1;
      else high = middle;
    }
    return this.#log.slice(low);
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): KubeObject | undefined {
    const definition = this.#require(resource);
    return this.#tables.get(resource, definition.namespaced ? namespace : undefined, name);
  }

  list(resource: ResourceName, options: ListOptions = {}): readonly KubeObject[] {
    this.#require(resource);
    return this.#tables.list(resource, options);
  }

  create(resource: ResourceName, object: KubeObject, options: StoreWriteOptions = {}): KubeObject {
    const definition = this.#require(resource);
    if (object.metadata?.resourceVersion !== undefined && object.metadata.resourceVersion !== "") {
      throw new ApiError(500, "", "resourceVersion should not be set on objects to be created");
    }
    const next = this.#read(definition, object, options);
    return this.#insert(definition, next, options, (defaulted) =>
      this.#options.unowned?.has(resource) === true
        ? []
        : trackUpdate(undefined, defaulted, this.#schema(definition, options), this.#writer(definition, options)),
    );
  }

  update(resource: ResourceName, object: KubeObject, options: StoreWriteOptions = {}): KubeObject {
    const definition = this.#require(resource);
    const current = this.#current(definition, object.metadata.namespace, object.metadata.name);
    const { uid, resourceVersion } = object.metadata;
    if (uid !== undefined && uid !== "" && uid !== current.metadata.uid) {
      const key = [definition.plural, current.metadata.namespace, current.metadata.name].filter(Boolean).join("/");
      throw conflict(
        definition,
        current.metadata.name,
        `StorageError: invalid object, Code: 4, Key: /registry/${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`,
      );
    }
    const isUnconditional = resourceVersion === undefined || resourceVersion === "";
    if (isUnconditional && definition.custom !== undefined) {
      throw invalid({ group: definition.group, kind: definition.plural }, object.metadata.name, [
        { kind: "invalid", field: "metadata.resourceVersion", value: 0, detail: "must be specified for an update" },
      ]);
    }
    return this.#replace(definition, current, this.#read(definition, object, options), options);
  }

  patch(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    patch: Readonly<Record<string, unknown>>,
    options: WriteOptions = {},
  ): KubeObject {
    return this.modify(resource, namespace, name, (current) => mergePatch(current, patch), options);
  }

  modify(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    mutate: (current: MutableObject) => unknown,
    options: StoreWriteOptions = {},
  ): KubeObject {
    const definition = this.#require(resource);
    const current = this.#current(definition, namespace, name);
    const shown = { ...current, apiVersion: this.#apiVersion(definition, options.version) };
    const changed = mutate(shown as MutableObject);
    if (!isObject(changed)) throw badRequest("a patch must leave an object");
    return this.#replace(definition, current, this.#read(definition, changed as KubeObject, options), options);
  }

  apply(resource: ResourceName, object: KubeObject, options: ApplyOptions): { object: KubeObject; created: boolean } {
    const definition = this.#require(resource);
    const { namespace, name, uid } = object.metadata;
    const live = this.#tables.get(resource, definition.namespaced ? (namespace ?? "default") : undefined, name);
    const config = this.#read(definition, object, { ...options, isApply: true });
    const writer = this.#writer(definition, options);
    const schema = this.#schema(definition, options);
    if (live === undefined) {
      if (options.subresource !== undefined) throw notFound(definition, name);
      if (uid !== undefined && uid !== "") {
        throw conflict(
          definition,
          name,
          `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
        );
      }
      const applied = applyConfiguration(undefined, config, schema, writer, options.force === true);
      const owned = (applied["metadata"] as MutableObject)["managedFields"] as readonly MutableObject[];
      const { managedFields: _, ...metadata } = applied["metadata"] as MutableObject;
      delete metadata["resourceVersion"];
      const next = this.#read(definition, { ...applied, metadata } as unknown as KubeObject, options);
      return { object: this.#insert(definition, next, options, () => owned), created: true };
    }
    const shown = { ...live, apiVersion: writer.apiVersion } as MutableObject;
    const applied = applyConfiguration(shown, config, schema, writer, options.force === true);
    const owned = (applied["metadata"] as MutableObject)["managedFields"] as readonly MutableObject[];
    const next = this.#read(definition, applied as unknown as KubeObject, options);
    return { object: this.#replace(definition, live, next, options, owned), created: false };
  }

  delete(resource: ResourceName, namespace: string | undefined, name: string, options: DeleteOptions = {}): void {
    this.remove(resource, namespace, name, options);
  }

  remove(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions = {},
  ): { readonly object: KubeObject; readonly isGone: boolean } {
    const definition = this.#require(resource);
    const current = this.#current(definition, namespace, name);
    checkDeletePreconditions(definition, current, options);
    if (options.dryRun === true) return { object: current, isGone: true };
    const next = this.#markDeleted(definition, current, options);
    const isGone = isRemovable(definition, next);
    // What goes at once goes as it was: only what waits is marked.
    if (isGone && definition.id !== "pods")
      return { object: this.#commit("DELETED", definition, current, current), isGone };
    if (isGone) {
      // A pod is marked first even when it goes at once, and watchers see both.
      const marked = isEqual(next, current) ? current : this.#commit("MODIFIED", definition, next, current);
      return { object: this.#commit("DELETED", definition, marked, marked), isGone };
    }
    if (isEqual(next, current)) return { object: current, isGone };
    return { object: this.#commit("MODIFIED", definition, next, current), isGone };
  }

  subscribe(listener: (event: LoggedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  state(): StoreState {
    return { version: this.#version, objects: this.#tables.all() };
  }

  #require(resource: ResourceName): ResourceDefinition {
    const definition = this.#definitions.get(resource);
    if (definition === undefined)
      throw new ApiError(404, "NotFound", "the server could not find the requested resource", {});
    return definition;
  }

  #current(definition: ResourceDefinition, namespace: string | undefined, name: string): KubeObject {
    const current = this.#tables.get(definition.id, definition.namespaced ? (namespace ?? "default") : undefined, name);
    if (current === undefined) throw notFound(definition, name);
    return current;
  }

  #apiVersion(definition: ResourceDefinition, version: string = definition.version): string {
    return definition.group === "" ? version : `${definition.group}/${version}`;
  }

  #schema(definition: ResourceDefinition, options: StoreWriteOptions): Schema | undefined {
    return schemaOf(definition, options.version);
  }

  #now(): string {
    return `${new Date(this.clock.nowMs()).toISOString().slice(0, 19)}Z`;
  }

  #writer(definition: ResourceDefinition, options: StoreWriteOptions): Writer {
    const { subresource } = options;
    const isStatus = subresource === "status";
    return {
      manager: options.fieldManager ?? "unknown",
      apiVersion: this.#apiVersion(definition, options.version),
      time: this.#now(),
      ...(subresource === undefined ? {} : { subresource }),
      scope: isStatus
        ? definition.custom === undefined
          ? "all-but-spec"
          : "status"
        : definition.hasStatus
          ? "all-but-status"
          : "all",
    };
  }

  /** The request's object, decoded into one that is ours. */
  #read(definition: ResourceDefinition, object: KubeObject, options: StoreWriteOptions & InputOptions): MutableObject {
    const decoded = decodeObject(definition, writablePart(definition, object, options), options);
    decoded["apiVersion"] = this.#apiVersion(definition, options.version);
    decoded["kind"] = definition.kind;
    normalizeStatus(definition, decoded);
    const metadata = isObject(decoded["metadata"]) ? decoded["metadata"] : {};
    decoded["metadata"] = metadata;
    if (definition.namespaced) metadata["namespace"] ??= "default";
    else delete metadata["namespace"];
    return decoded;
  }

  #insert(
    definition: ResourceDefinition,
    object: MutableObject,
    options: StoreWriteOptions,
    ownership: (defaulted: MutableObject) => readonly MutableObject[],
  ): KubeObject {
    const sent = object["metadata"] as MutableObject;
    const namespace = definition.namespaced ? textOf(sent["namespace"]) : undefined;
    this.#checkNamespace(definition, namespace, textOf(sent["name"] ?? sent["generateName"]));
    const generate = sent["generateName"];
    if ((sent["name"] === undefined || sent["name"] === "") && typeof generate === "string" && generate !== "") {
      sent["name"] = this.#generateName(definition, namespace, generate);
    }
    for (const key of ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"]) delete sent[key];
    prepareStatus(definition, object);
    applyDefaults(definition.id, object);
    // What admission and allocation add belongs to nobody.
    const owned = ownership(object);
    prepareSpec(definition, object);
    admitCreate(definition, object, this, this.#options.tolerationSeconds ?? 300);
    this.#callWebhooks(definition, object);
    if (definition.id === "services") allocateService(object, this);
    const name = textOf(sent["name"]);
    const uid = uuidOf(
      `${this.#options.seed}/${this.name}/${this.#version + 1}/${definition.id}/${namespace ?? ""}/${name}`,
    );
    const metadata: MutableObject = { ...sent, uid, creationTimestamp: this.#now() };
    if (!NO_GENERATION.has(definition.id)) metadata["generation"] = 1;
    else delete metadata["generation"];
    delete metadata["managedFields"];
    object["metadata"] = metadata;
    const errors = [
      ...validateCreate(definition, object),
      ...this.#customProblems(definition, object, undefined, options),
    ];
    if (errors.length > 0) throw invalid(definition, name, errors);
    if (this.#tables.get(definition.id, namespace, name) !== undefined) throw alreadyExists(definition, name);
    if (owned.length > 0) metadata["managedFields"] = owned;
    if (options.dryRun === true) return deepFreeze(object) as unknown as KubeObject;
    const stored = this.#commit("ADDED", definition, object as unknown as KubeObject, undefined);
    this.#afterInsert(definition, stored);
    return stored;
  }

  #callWebhooks(definition: ResourceDefinition, object: MutableObject, before?: MutableObject): void {
    for (const webhook of this.#options.webhooks ?? []) {
      webhook({ definition, object, store: this, ...(before === undefined ? {} : { before }) });
    }
  }

  #customProblems(
    definition: ResourceDefinition,
    object: MutableObject,
    before: MutableObject | undefined,
    options: StoreWriteOptions,
  ): readonly FieldError[] {
    const schema = definition.custom === undefined ? undefined : this.#schema(definition, options);
    return schema === undefined
      ? []
      : customProblems(object, before, schema, { scale: definition.scale, isStatus: options.subresource === "status" });
  }

  #afterInsert(definition: ResourceDefinition, stored: KubeObject): void {
    if (definition.id === "namespaces") {
      const metadata = { name: "default", namespace: stored.metadata.name };
      this.create("serviceaccounts", { apiVersion: "v1", kind: "ServiceAccount", metadata });
    }
    if (definition.id === "customresourcedefinitions.apiextensions.k8s.io") {
      this.update(definition.id, acceptDefinition(stored, this.#now()), {
        subresource: "status",
        fieldManager: "kube-apiserver",
      });
    }
  }

  #generateName(definition: ResourceDefinition, namespace: string | undefined, prefix: string): string {
    for (let attempt = 0; ; attempt += 1) {
      const suffix = nameSuffix(`${this.#options.seed}/${this.name}/${this.#version}/${prefix}/${attempt}`);
      const name = prefix.slice(0, 58) + suffix;
      if (this.#tables.get(definition.id, namespace, name) === undefined) return name;
    }
  }

  #checkNamespace(definition: ResourceDefinition, namespace: string | undefined, name: string): void {
    if (namespace === undefined) return;
    const found = this.#tables.get("namespaces", undefined, namespace);
    if (found === undefined) throw notFound({ group: "", plural: "namespaces" }, namespace);
    if (found.metadata.deletionTimestamp !== undefined) {
      throw forbidden(
        definition,
        name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
    }
  }

  /** `owned`: the managedFields of an apply; other writes get theirs from what changed. */
  #replace(
    definition: ResourceDefinition,
    current: KubeObject,
    object: MutableObject,
    options: StoreWriteOptions,
    owned?: readonly MutableObject[],
  ): KubeObject {
    const sent = object["metadata"] as MutableObject;
    const version = sent["resourceVersion"];
    if (typeof version === "string" && version !== "" && version !== current.metadata.resourceVersion) {
      throw conflict(definition, current.metadata.name, OBJECT_MODIFIED);
    }
    const requested = sent["managedFields"];
    const next = withinScope(definition, current as unknown as MutableObject, object, options.subresource);
    const isStatus = options.subresource === "status";
    if (!isStatus) {
      if (options.subresource === undefined) applyDefaults(definition.id, next);
      admitUpdate(definition, current as unknown as MutableObject, next, this);
      if (options.subresource === undefined) {
        this.#callWebhooks(definition, next, current as unknown as MutableObject);
      }
    }
    const metadata = next["metadata"] as MutableObject;
    keepSystemFields(current, metadata);
    const errors = [
      ...validateUpdate(definition, current as unknown as MutableObject, next, isStatus ? "metadata" : "all"),
      ...this.#customProblems(definition, next, current as unknown as MutableObject, options),
    ];
    if (errors.length > 0) throw invalid(definition, current.metadata.name, errors);
    const isUnowned = owned === undefined && this.#options.unowned?.has(definition.id) === true;
    const fields = isUnowned
      ? []
      : (owned ??
        trackUpdate(
          { ...current, apiVersion: next["apiVersion"] },
          { ...next, metadata: { ...metadata, managedFields: requested } },
          this.#schema(definition, options),
          this.#writer(definition, options),
        ));
    if (fields.length > 0) metadata["managedFields"] = fields;
    else delete metadata["managedFields"];
    if (this.#isSame(current, next)) return current;
    if (!NO_GENERATION.has(definition.id) && isSpecChanged(definition, current, next)) {
      metadata["generation"] = (current.metadata.generation ?? 0) + 1;
    }
    if (options.dryRun === true) return deepFreeze(next) as unknown as KubeObject;
    const stored = next as unknown as KubeObject;
    if (current.metadata.deletionTimestamp !== undefined && isRemovable(definition, stored)) {
      return this.#commit("DELETED", definition, stored, current);
    }
    return this.#commit("MODIFIED", definition, stored, current);
  }

  /** Timestamps of ownership alone are no change. */
  #isSame(current: KubeObject, next: MutableObject): boolean {
    const comparable = (object: MutableObject) => {
      const { managedFields, resourceVersion: _, ...metadata } = object["metadata"] as MutableObject;
      const fields = Array.isArray(managedFields) ? managedFields : [];
      return {
        ...object,
        apiVersion: "",
        metadata: { ...metadata, managedFields: fields.map((entry) => ({ ...(entry as MutableObject), time: "" })) },
      };
    };
    return isEqual(comparable(current as unknown as MutableObject), comparable(next));
  }

  #markDeleted(definition: ResourceDefinition, current: KubeObject, options: DeleteOptions): KubeObject {
    const finalizers = finalizersFor(current, options.propagation);
    const graceSeconds = definition.id === "pods" ? podGraceSeconds(current, options.gracePeriodSeconds) : 0;
    const { metadata } = current;
    const alreadyAtMs = metadata.deletionTimestamp === undefined ? undefined : Date.parse(metadata.deletionTimestamp);
    const atMs = this.clock.nowMs() + graceSeconds * 1000;
    const changed: MutableObject = { ...metadata };
    if (finalizers === undefined) delete changed["finalizers"];
    else changed["finalizers"] = finalizers;
    const isFirst = alreadyAtMs === undefined;
    const isShorter = definition.id === "pods" && graceSeconds < (metadata.deletionGracePeriodSeconds ?? 0);
    if (isFirst || isShorter) {
      changed["deletionTimestamp"] = `${new Date(atMs).toISOString().slice(0, 19)}Z`;
      changed["deletionGracePeriodSeconds"] = graceSeconds;
      if (isFirst && metadata.generation !== undefined) changed["generation"] = metadata.generation + 1;
    }
    const next: MutableObject = { ...current, metadata: changed };
    if (definition.id === "namespaces") next["status"] = { phase: "Terminating" };
    return next as unknown as KubeObject;
  }

  #commit(
    type: SimEvent["type"],
    definition: ResourceDefinition,
    object: KubeObject,
    previous: KubeObject | undefined,
  ): KubeObject {
    const version = this.#version + 1;
    const stored = deepFreeze({
      ...object,
      apiVersion: this.#apiVersion(definition),
      metadata: { ...object.metadata, resourceVersion: String(version) },
    }) as KubeObject;
    const event: LoggedEvent = {
      type,
      resource: definition.id,
      object: stored,
      version,
      ...(previous === undefined ? {} : { previous }),
    };
    this.#options.onCommit?.(event);
    this.#version = version;
    if (type === "DELETED") this.#tables.remove(definition.id, stored);
    else this.#tables.put(definition.id, stored);
    if (definition.id === "customresourcedefinitions.apiextensions.k8s.io") this.#redefine(type, stored);
    this.#remember(event);
    this.#pending.push(event);
    this.#dispatch();
    return stored;
  }

  #remember(event: LoggedEvent): void {
    this.#log.push(event);
    const limit = this.#options.historyLimit ?? DEFAULT_HISTORY;
    // Dropping a tenth at a time keeps the cost per event constant.
    if (this.#log.length > limit * 1.1) {
      const dropped = this.#log.splice(0, this.#log.length - limit);
      this.#forgotten = dropped.at(-1)?.version ?? this.#forgotten;
    }
  }

  /** A listener may write: its events wait until every listener has seen the present one, so all see one order. */
  #dispatch(): void {
    if (this.#isDispatching) return;
    this.#isDispatching = true;
    try {
      for (let event = this.#pending.shift(); event !== undefined; event = this.#pending.shift()) {
        for (const listener of this.#listeners) listener(event);
      }
    } finally {
      this.#isDispatching = false;
    }
  }

  #redefine(type: SimEvent["type"], object: KubeObject): void {
    if (type !== "DELETED") {
      this.#register(object);
      return;
    }
    for (const custom of this.#tables.list(object.metadata.name, {})) {
      const definition = this.#definitions.get(object.metadata.name);
      if (definition !== undefined) this.#commit("DELETED", definition, custom, custom);
    }
    this.#definitions.delete(object.metadata.name);
  }

  #register(object: KubeObject): void {
    const definition = customResourceOf(object);
    if (definition !== undefined) this.#definitions.set(definition.id, definition);
  }
}

import { QuantaloupeError } from '../engine/errors.ts'
import type { Finding } from '../engine/formats/model.ts'
import { kernelsName } from '../engine/kernels/kernels.ts'
import type { HostInfo, MethodName, ReplyOf, RequestOf } from '../../preload/contract.ts'
import { isMethod, parseRequest } from './contract-schema.ts'
import { formatInfos } from './formats.ts'
import type { Services } from './index.ts'
import { listFolder } from './library/folders.ts'
import { metadataRows } from './library/metadata-rows.ts'
import type { Dialogs } from './options.ts'

type Handlers = {
  readonly [M in MethodName]: (services: Services, request: RequestOf<M>) => Promise<ReplyOf<M>> | ReplyOf<M>
}

/** What every method of the contract does. */
const HANDLERS: Handlers = {
  'host.info': hostInfo,
  'files.list': ({ served }, { path }) => listFolder(path, served),
  'dialog.open': ({ options }, filter) => dialogs(options.dialogs).open(filter),
  'dialog.save': ({ options }, { suggestedName }) => dialogs(options.dialogs).save(suggestedName),
  'models.open': async ({ library }, { path }) => (await library.open(path)).summary,
  'models.close': ({ library }, { model }) => {
    library.close(model)
    return null
  },
  'models.list': ({ library }) => library.list(),
  'models.recent': ({ library }) => library.recent(),
  'models.forget': async ({ library }, { path }) => {
    await library.forget(path)
    return null
  },
  'models.tensors': ({ library }, { model }) => library.get(model).model.tensors,
  'models.metadata': ({ library }, { model }) => metadataRows(library.get(model).model),
  'models.metadataArray': ({ library }, { model, key, offset, length }) =>
    library.metadataArray(model, key, offset, length),
  'models.pairs': ({ diff }, request) => diff.pairs(request),
  'models.pairError': ({ diff }, request) => diff.pairError(request),
  'tensor.histogram': ({ measurements }, request) => measurements.histogram(request),
  'tensor.measurements': ({ measurements }, request) => measurements.ofTensor(request),
  'tensor.profile': ({ measurements }, request) => measurements.profile(request),
  'measurements.list': ({ measurements }, request) => measurements.ofFormat(request),
  'analysis.start': ({ analysis }, request) => analysis.start(request),
  'jobs.list': ({ jobs }) => jobs.list(),
  'jobs.pause': ({ jobs }, { job }) => jobs.pause(job),
  'jobs.resume': ({ jobs }, { job }) => jobs.resume(job),
  'jobs.cancel': ({ jobs }, { job }) => jobs.cancel(job),
  'jobs.dismiss': async ({ jobs }, { job }) => {
    await jobs.dismiss(job)
    return null
  },
  'plans.presets': ({ plans }) => plans.presets(),
  'plans.preset': ({ plans }, request) => plans.preset(request),
  'plans.evaluate': ({ plans }, request) => plans.evaluate(request),
  'plans.save': ({ plans }, { plan, path }) => {
    plans.save(plan, path)
    return null
  },
  'plans.load': ({ plans }, request) => plans.load(request),
  'plans.recipe': ({ plans }, request) => plans.recipe(request),
  'plans.saveRecipe': ({ plans }, request) => {
    plans.saveRecipe(request)
    return null
  },
  'allocation.frontier': ({ allocation }, request) => allocation.frontier(request),
  'allocation.solve': ({ allocation }, request) => allocation.solve(request),
  'allocation.explain': ({ allocation }, request) => allocation.explain(request),
  'allocation.memory': ({ allocation }, request) => allocation.memory(request),
  'verification.start': ({ verification }, request) => verification.start(request),
  'verification.list': ({ verification }, { model }) => verification.list(model),
  'verification.forget': async ({ verification }, { id }) => {
    await verification.forget(id)
    return null
  },
  'sensitivity.estimate': ({ sensitivity }, request) => sensitivity.estimate(request),
  'sensitivity.start': ({ sensitivity }, request) => sensitivity.start(request),
  'sensitivity.list': ({ sensitivity }, request) => sensitivity.list(request),
  'sensitivity.save': ({ sensitivity }, { sensitivities, path }) => {
    sensitivity.save(sensitivities, path)
    return null
  },
  'lab.block': ({ lab }, request) => lab.block(request),
  'export.preview': ({ exports }, request) => exports.preview(request),
  'export.start': ({ exports }, request) => exports.start(request),
}

/**
 * Checks a request and runs its method.
 *
 * @throws QuantaloupeError `UNKNOWN_METHOD`, `BAD_REQUEST`, and what the method throws
 */
export async function callMethod(services: Services, name: string, request: unknown): Promise<unknown> {
  if (!isMethod(name)) {
    throw new QuantaloupeError('UNKNOWN_METHOD', 'There is no such method', {
      place: name.slice(0, 100),
      expected: 'a method of the contract',
      fault: 'bug',
    })
  }
  return run(services, name, request)
}

async function run<M extends MethodName>(services: Services, name: M, request: unknown): Promise<ReplyOf<M>> {
  return HANDLERS[name](services, parseRequest(name, request))
}

async function hostInfo(services: Services): Promise<HostInfo> {
  const { host, version, threads, useNative, initialModel } = services.options
  return {
    host: host === 'electron' ? 'electron' : 'browser',
    version,
    platform: process.platform,
    threads,
    kernels: kernelsName(useNative),
    formats: formatInfos(),
    roots: services.served.roots,
    initialModel,
    findings: await cacheFindings(services),
  }
}

/** A cache that does not open at all keeps no window closed: whatever needs it reports that. */
async function cacheFindings(services: Services): Promise<readonly Finding[]> {
  try {
    return await services.findings()
  } catch (error) {
    if (error instanceof QuantaloupeError) return []
    throw error
  }
}

function dialogs(given: Dialogs | undefined): Dialogs {
  if (given) return given
  throw new QuantaloupeError('UNSUPPORTED', 'This host has no native dialogs', {
    remedy: 'Use the file browser of the window.',
  })
}

import type { CompileOptions, Compiler } from '../package/consumer.js'

/** One project that uses the package: what it has installed, and how it compiles. Versions as npm takes them. */
export interface Combination {
  node: string
  express: string
  session: string
  redis: string
  connectRedis: string
  expressTypes: string
  sessionTypes: string
  typescript: Compiler
  modules: 'ES modules' | 'CommonJS' | 'bundler'
}

/**
 * All that users combine would be thousands of projects. Here every two of what they choose meet at least once
 * (`table.test.ts` sees to it), and the lowest version that `engines` and the peers allow is tried for each.
 * connect-redis 10 wants Node 22.
 */
export const combinations: Combination[] = [
  {
    node: '20.19.0',
    ...{ express: '4.18.0', session: '1.18.0', expressTypes: '4.17.21', sessionTypes: '1.18.0' },
    ...{ redis: '5.0.0', connectRedis: '9.0.0' },
    ...{ typescript: 'typescript-5', modules: 'CommonJS' },
  },
  {
    node: '20.19.0',
    ...{ express: '5', session: '1', expressTypes: '5', sessionTypes: '1' },
    ...{ redis: '6', connectRedis: '9' },
    ...{ typescript: 'typescript', modules: 'ES modules' },
  },
  {
    node: '22.12.0',
    ...{ express: '5.0.0', session: '1.18.0', expressTypes: '5.0.0', sessionTypes: '1.18.0' },
    ...{ redis: '6', connectRedis: '10.0.0' },
    ...{ typescript: 'typescript-5', modules: 'bundler' },
  },
  {
    node: '22.12.0',
    ...{ express: '4', session: '1', expressTypes: '4', sessionTypes: '1' },
    ...{ redis: '5', connectRedis: '9' },
    ...{ typescript: 'typescript', modules: 'CommonJS' },
  },
  {
    node: '24.0.0',
    ...{ express: '4', session: '1', expressTypes: '4', sessionTypes: '1' },
    ...{ redis: '6.0.0', connectRedis: '10' },
    ...{ typescript: 'typescript', modules: 'bundler' },
  },
  {
    node: '24.0.0',
    ...{ express: '5', session: '1', expressTypes: '5', sessionTypes: '1' },
    ...{ redis: '5', connectRedis: '9' },
    ...{ typescript: 'typescript-5', modules: 'ES modules' },
  },
  {
    node: '26',
    ...{ express: '5', session: '1', expressTypes: '5', sessionTypes: '1' },
    ...{ redis: '6', connectRedis: '9' },
    ...{ typescript: 'typescript-5', modules: 'CommonJS' },
  },
  {
    node: '26',
    ...{ express: '4', session: '1', expressTypes: '4', sessionTypes: '1' },
    ...{ redis: '5', connectRedis: '10' },
    ...{ typescript: 'typescript', modules: 'ES modules' },
  },
]

export const major = (version: string): string => version.split('.')[0]!

/** How TypeScript is told of each kind of modules. */
export const moduleOptions: Record<Combination['modules'], CompileOptions> = {
  'ES modules': { moduleResolution: 'nodenext', type: 'module' },
  CommonJS: { moduleResolution: 'nodenext', type: 'commonjs' },
  bundler: { moduleResolution: 'bundler', type: 'module' },
}

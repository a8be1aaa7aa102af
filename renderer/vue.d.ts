/** Lets the linter, which does not compile templates, resolve component imports. */
declare module '*.vue' {
  import type { DefineComponent } from 'vue'

  const component: DefineComponent
  export default component
}

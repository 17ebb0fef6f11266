import { Component, type ComponentChildren, type FunctionComponent } from 'preact'

/** A component that is drawn again only when its properties are not the same: `preact/compat` has it too, in 10 kB. */
export function memo<P extends object>(
  Inner: FunctionComponent<P>,
  same: (before: P, after: P) => boolean,
): new () => Component<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return !same(this.props, next)
    }
    override render(): ComponentChildren {
      return <Inner {...this.props} />
    }
  }
}

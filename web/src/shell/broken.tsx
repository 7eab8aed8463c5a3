import { Component, type ReactNode } from 'react';
import { TriangleAlert } from '../parts/icons.tsx';
import { Empty } from '../parts/states.tsx';

/** Keeps a part that cannot be drawn, because of an answer nobody reckoned with, from taking the rest with it. */
export class Broken extends Component<{ children: ReactNode }, { readonly isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    if (!this.state.isBroken) return this.props.children;
    return (
      <div className="panel" role="alert">
        <Empty icon={TriangleAlert} title="This part cannot be shown">
          <p>The service answered something that this page does not understand. The rest works on.</p>
          <button type="button" className="button" onClick={() => this.setState({ isBroken: false })}>
            Try again
          </button>
        </Empty>
      </div>
    );
  }
}

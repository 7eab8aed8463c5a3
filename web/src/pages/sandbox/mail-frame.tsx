import { useEffect, useRef, useState } from 'react';

/** Whatever could run, load or lead somewhere. */
const NOT_SHOWN = 'script, iframe, frame, object, embed, base, link, meta, form, input, button, audio, video, svg';

/**
 * A mail as its receiver sees it, and inert: a frame that runs no scripts, under a policy that loads nothing, filled
 * with the mail after everything active was taken out. Three walls, each of which would do.
 */
export function MailFrame({ html, title }: { html: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    const inner = frame.current?.contentDocument;
    const window = inner?.defaultView ?? null;
    if (!isReady || inner === undefined || inner === null || window === null) return;
    fill(inner, window, html);
    const fit = () => {
      if (frame.current !== null) frame.current.style.height = `${Math.max(120, inner.documentElement.offsetHeight)}px`;
    };
    fit();
    const sizes = new ResizeObserver(fit);
    sizes.observe(inner.documentElement);
    return () => sizes.disconnect();
  }, [html, isReady]);
  return (
    <iframe
      ref={frame}
      className="mail-frame"
      src="/ui/frame"
      sandbox="allow-same-origin"
      title={title}
      onLoad={() => setReady(true)}
    />
  );
}

function fill(inner: Document, window: Window & typeof globalThis, html: string): void {
  // The frame's own parser: what is read is under the frame's policy from the first letter.
  const mail = new window.DOMParser().parseFromString(withoutNoise(html), 'text/html');
  for (const element of mail.querySelectorAll(NOT_SHOWN)) element.remove();
  for (const element of mail.querySelectorAll('*')) disarm(element);
  inner.replaceChild(inner.importNode(mail.documentElement, true), inner.documentElement);
  inner.documentElement.lang ||= 'en';
}

/** Only so that the browser does not complain of each in its console while it reads: the walls stand without this. */
function withoutNoise(html: string): string {
  const noBase = html.replace(/<base\b[^>]*>/gi, '');
  return noBase.replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/([\s"'/])on([a-z]+\s*=)/gi, '$1data-on$2'));
}

function disarm(element: Element): void {
  for (const { name, value } of [...element.attributes]) {
    const isHandler = name.toLowerCase().startsWith('on');
    const isRemote = ['src', 'srcset', 'background', 'poster'].includes(name) && !value.startsWith('data:image/');
    if (isHandler || isRemote || name === 'srcdoc') element.removeAttribute(name);
  }
  const link = element.getAttribute('href');
  if (link === null) return;
  // Where it leads can be seen, but it leads nowhere from here.
  element.removeAttribute('href');
  element.setAttribute('title', link);
  const style = element.getAttribute('style') ?? '';
  element.setAttribute('style', `color: #3730a3; text-decoration: underline; ${style}`);
}

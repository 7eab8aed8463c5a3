import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Digest, Header, type Place } from './app.tsx';

function Application(place: Place) {
  const [path, goTo] = useState('/');
  return (
    <>
      <Header {...place} goTo={goTo} />
      <main>
        <p>You are at {path}</p>
        <Digest {...place} />
      </main>
    </>
  );
}

// <div id="root" data-tidings="https://tidings.example.com" data-user="42"></div>
const root = document.getElementById('root');
if (root !== null) {
  const { tidings = '', user = '' } = root.dataset;
  createRoot(root).render(
    <StrictMode>
      <Application baseUrl={tidings} userId={user} />
    </StrictMode>,
  );
}

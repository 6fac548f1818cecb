/** Every page that is drawn for somebody logged in, save those with a meeting's socket. */

import { living, once, watch } from "../signed_in";

once(document);
watch(30_000, { living, leave: () => location.replace(location.pathname) });

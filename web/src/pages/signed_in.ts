/** Every page that is drawn for somebody logged in, save those with a meeting's socket. */

import { living, watch } from "../signed_in";

watch(30_000, { living, leave: () => location.replace(location.pathname) });

/** LiveKit's own worker: encrypts and decrypts each frame and each data message, away from the page's thread. */

import "livekit-client/e2ee-worker";

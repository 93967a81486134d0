// Pulls an image, creates a container of it, starts it, waits for it and removes it, by way of dockerode.
// Usage: DOCKER_HOST=unix://SOCKET node drive.js IMAGE NAME

'use strict';

const Docker = require('dockerode');

async function main(image, name) {
  const docker = new Docker({ socketPath: process.env.DOCKER_HOST.replace('unix://', '') });
  const progress = await docker.pull(image);
  await new Promise((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
  });
  const container = await docker.createContainer({ Image: image, Cmd: ['true'], name });
  await container.start();
  await container.wait();
  await container.remove();
  console.log(container.id);
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});

// iiif-processor behind a plain HTTP server: PORT and MASTERS from the environment, one process, one thread of libvips.
// It is given every advantage that its interface allows: sizes are known after the first request for a master, and
// sharp opens the file by its name, where the stream of the documented way would read all of it for each tile.
import { createServer } from "node:http";
import { join } from "node:path";
import { Processor } from "iiif-processor";
import sharp from "sharp";

const masters = process.env.MASTERS;
sharp.concurrency(1);
sharp.cache(false);

const sizes = new Map();

/** The sizes of the levels of a master, largest first. */
async function dimensionFunction({ id }) {
  if (!sizes.has(id)) {
    const open = (page) => sharp(join(masters, id), { limitInputPixels: false, page }).metadata();
    const { pages = 1 } = await open(0);
    const levels = await Promise.all(Array.from({ length: pages }, (_, page) => open(page)));
    sizes.set(id, levels.map(({ width, height }) => ({ width, height })));
  }
  return sizes.get(id);
}

/** What iiif-processor takes for a stream: told to flow into sharp, it names the file instead. */
async function streamResolver({ id }) {
  return {
    pipe(pipeline) {
      delete pipeline.options.input.buffer;
      pipeline.options.input.file = join(masters, id);
      return pipeline;
    },
  };
}

const server = createServer(async (request, response) => {
  const url = `http://localhost${request.url}`;
  try {
    const result = await new Processor(url, streamResolver, { dimensionFunction }).execute();
    if (result.type === "content") {
      response.writeHead(200, { "Content-Type": result.contentType, "Content-Length": Buffer.byteLength(result.body) });
      response.end(result.body);
    } else {
      response.writeHead(result.statusCode ?? 500).end(result.message ?? result.type);
    }
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
// NGINX keeps its connections: who closes one of them first loses a request.
server.keepAliveTimeout = 3_600_000;
server.listen(Number(process.env.PORT), "127.0.0.1");
